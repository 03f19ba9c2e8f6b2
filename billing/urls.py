"""Routes of the room `billing`."""

from django.urls import path

from billing import api, views

api_urls = [
    path("billing/plans", api.plans, name="billing-plans"),
    path("billing/subscribe", api.subscribe, name="billing-subscribe"),
    path("billing/subscribe/status", api.subscribe_status, name="billing-subscribe-status"),
    path("billing/checkout", views.checkout, name="billing-checkout"),
    path("billing/status", api.status, name="billing-status"),
    path("billing/cancel", api.cancel, name="billing-cancel"),
    path("billing/invoices", api.invoices, name="billing-invoices"),
]
page_urls = [path("billing/checkout/done/", views.checkout_done, name="checkout-done")]
