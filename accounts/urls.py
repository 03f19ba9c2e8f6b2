"""Routes of the room `accounts`; allauth's pages are named one by one, so that none comes
unseen.
"""

from allauth.account import views as allauth_views
from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts import api
from accounts.api_base import route
from accounts.views import apps, entrance, keys, oauth, settings, team

Routes = list[URLPattern | URLResolver]

api_urls: Routes = [
    path("auth/register", api.register, name="auth-register"),
    path("auth/verify", api.verify, name="auth-verify"),
    path("auth/verify/resend", api.resend, name="auth-resend"),
    path("auth/login", api.login, name="auth-login"),
    path("auth/password/reset", api.request_password_reset, name="auth-password-reset"),
    path(
        "auth/password/reset/confirm",
        api.confirm_password_reset,
        name="auth-password-reset-confirm",
    ),
    path(
        "auth/sessions",
        route(get=api.list_sessions, delete=api.end_other_sessions),
        name="auth-sessions",
    ),
    path("auth/sessions/<str:session_id>", api.end_session, name="auth-session"),
    path("auth/keys", route(get=api.list_keys, post=api.create_key), name="auth-keys"),
    path(
        "auth/keys/<str:key_id>",
        route(get=api.key_detail, delete=api.revoke_key),
        name="auth-key",
    ),
    path("auth/keys/<str:key_id>/rotate", api.rotate_key, name="auth-key-rotate"),
    path(
        "account/business",
        route(get=api.list_businesses, post=api.create_business),
        name="account-business",
    ),
    path("account/business/<str:business_id>", api.business_detail, name="account-business-detail"),
    path(
        "account/profile",
        route(get=api.show_profile, patch=api.change_profile),
        name="account-profile",
    ),
]
page_urls: Routes = [
    path(
        ".well-known/oauth-authorization-server",
        oauth.server_metadata,
        name="oauth-server-metadata",
    ),
    path(
        ".well-known/oauth-protected-resource",
        oauth.resource_metadata,
        {"resource": "api"},
        name="oauth-resource-metadata",
    ),
    path(
        ".well-known/oauth-protected-resource/mcp/",
        oauth.resource_metadata,
        {"resource": "mcp"},
        name="oauth-resource-metadata-mcp",
    ),
    path(
        ".well-known/oauth-protected-resource/mcp",
        oauth.resource_metadata,
        {"resource": "mcp"},
        name="oauth-resource-metadata-mcp-bare",
    ),
    path("oauth/authorize/", oauth.authorize, name="oauth-authorize"),
    path("oauth/token/", oauth.token, name="oauth-token"),
    path("oauth/revoke/", oauth.revoke, name="oauth-revoke"),
    path("apps/", apps.index, name="apps"),
    path("apps/<str:app_id>/remove/", apps.remove, name="app-remove"),
    path("apps/access/<str:key_id>/revoke/", apps.revoke, name="app-access-revoke"),
    path("businesses/", settings.businesses, name="businesses"),
    path("invitations/accept/", team.accept, name="invitation"),
    path("keys/", keys.index, name="keys"),
    path("keys/<str:key_id>/revoke/", keys.revoke, name="key-revoke"),
    path("keys/<str:key_id>/rotate/", keys.rotate, name="key-rotate"),
    path("settings/", settings.preferences, name="settings"),
    path("team/", team.index, name="team"),
    path("team/invite/", team.invite, name="team-invite"),
    path("team/invitations/<str:invitation_id>/withdraw/", team.withdraw, name="team-withdraw"),
    path("team/members/<str:member_id>/role/", team.change_role, name="team-role"),
    path("team/members/<str:member_id>/remove/", team.remove, name="team-remove"),
    path("accounts/", entrance.account, name="account"),
    path("accounts/signup/", entrance.sign_up, name="account_signup"),
    path("accounts/verify/", entrance.verify, name="verify"),
    path("accounts/verify/resend/", entrance.resend, name="verify-resend"),
    path("accounts/claim/", entrance.claim, name="claim"),
    path("accounts/no-membership/", entrance.no_membership, name="no-membership"),
    path("accounts/switch-tenant/", entrance.switch_tenant, name="switch-tenant"),
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path(
        "accounts/password/change/", allauth_views.password_change, name="account_change_password"
    ),
    path("accounts/password/set/", allauth_views.password_set, name="account_set_password"),
    path("accounts/password/reset/", allauth_views.password_reset, name="account_reset_password"),
    path(
        "accounts/password/reset/done/",
        allauth_views.password_reset_done,
        name="account_reset_password_done",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "accounts/password/reset/key/done/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
]
