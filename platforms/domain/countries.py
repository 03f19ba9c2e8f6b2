"""Countries where an ad must name who pays for it and who benefits."""

# Member states of the European Union and their regions with codes of their own (Digital Services
# Act, article 26).
_EU = (
    "AT AX BE BG CY CZ DE DK EE ES FI FR GF GP GR HR HU IE IT LT LU LV MF MQ MT NL PL PT RE RO SE "
    "SI SK YT"
)
EUROPEAN_UNION = frozenset(_EU.split())
