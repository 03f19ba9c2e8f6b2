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
    path("billing/resume", api.resume, name="billing-resume"),
    path("billing/portal", api.portal, name="billing-portal"),
    path("billing/invoices", api.invoices, name="billing-invoices"),
]
page_urls = [
    path("billing/checkout/done/", views.checkout_done, name="checkout-done"),
    path("billing/", views.overview, name="billing"),
    path("billing/choose/", views.choose, name="plan-choose"),
    path("billing/cancel/", views.cancel_plan, name="plan-cancel"),
    path("billing/resume/", views.resume_plan, name="plan-resume"),
    path("billing/portal/", views.portal_page, name="plan-portal"),
    path("billing/stripe/webhook", views.stripe_webhook, name="stripe-webhook"),
]
