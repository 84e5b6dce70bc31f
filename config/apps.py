"""The admin of this project: Django's, with our own site in it."""

from django.contrib.admin import apps as admin


class UnderstudyAdminConfig(admin.AdminConfig):
    default_site = "config.admin_site.UnderstudySite"
    # Django looks here for the configuration of the app "config" too, and this is not it.
    default = False
