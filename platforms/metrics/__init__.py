"""Delivery facts: one row per ad, platform day and publisher platform. Low enough for every
room to read.
"""
