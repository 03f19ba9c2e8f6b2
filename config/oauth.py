"""What the OAuth library is told; the rest of the server is `accounts.services.oauth_server`."""

from typing import Any


def oauth_provider(public_url: str) -> dict[str, Any]:
    """OAUTH2_PROVIDER: the strict side of every switch."""
    return {
        "OIDC_ISS_ENDPOINT": public_url,  # the issuer, in metadata and in `iss` of answers
        "OAUTH2_SERVER_CLASS": "accounts.services.oauth_server.CodeServer",
        "OAUTH2_VALIDATOR_CLASS": "accounts.services.oauth_server.Validator",
        "ACCESS_TOKEN_GENERATOR": "accounts.services.app_tokens.new_access_token",
        "REFRESH_TOKEN_GENERATOR": "accounts.services.app_tokens.new_refresh_token",
        "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
        "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],  # and http on the loopback: accounts.domain
        "PKCE_REQUIRED": True,
        "ROTATE_REFRESH_TOKEN": True,
        "REFRESH_TOKEN_REUSE_PROTECTION": True,
        "CIMD_ENABLED": True,
        "CIMD_METADATA_FETCHER": "accounts.services.oauth_server.MetadataFetcher",
        "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
        "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
        "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
        "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
        "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
        "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
        "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
        "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    }
