"""What both databases' settings share."""

SECRET_KEY = "measured, not deployed"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
ROOT_URLCONF = "settings"
STATIC_URL = "/static/"
WAGTAIL_SITE_NAME = "measured"
WAGTAILADMIN_BASE_URL = "http://localhost"
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"

DJANGO = ("admin", "auth", "contenttypes", "flatpages", "messages", "redirects", "sessions", "sites", "staticfiles")
WAGTAIL = ("admin", "documents", "embeds", "images", "locales", "search", "sites", "snippets", "users")
WAGTAIL_CONTRIB = ("forms", "redirects", "search_promotions", "settings", "simple_translation")
INSTALLED_APPS = [
    *(f"wagtail.{name}" for name in WAGTAIL),
    *(f"wagtail.contrib.{name}" for name in WAGTAIL_CONTRIB),
    "wagtail",
    "modelcluster",
    "taggit",
    "oauth2_provider",
    *(f"django.contrib.{name}" for name in DJANGO),
]
urlpatterns: list[object] = []
