"""URLs of the role simulator."""

from django.urls import path, re_path

from platforms.simulator import consent, control, views

urlpatterns = [
    path("healthz", views.healthz),
    path("_sim/<str:what>", control.face),
    path("_sim/truth/<str:what>", control.truth_face),
    path("_sim/objects/<str:graph_id>", control.edit_object),
    re_path(r"^v\d+\.\d+/dialog/oauth$", consent.dialog),
    re_path(r"^v\d+\.\d+/dialog/consent\.css$", consent.style),
    re_path(r"^(?P<version>v\d+\.\d+)/(?P<path>.+)$", views.graph),
]
