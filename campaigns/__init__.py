"""The campaign tree and the one path along which anything changes at a platform."""
