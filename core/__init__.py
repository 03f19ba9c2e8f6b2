"""What every room stands on: actors, tenancy, errors, money, ids, clock, http, crypto. No
models.
"""
