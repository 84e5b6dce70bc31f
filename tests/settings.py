"""The project's settings with what tests need otherwise: a folder of their own and fast password hashes."""

import os
import tempfile

os.environ.setdefault("UNDERSTUDY_VAR", tempfile.mkdtemp(prefix="understudy-tests-"))
os.environ.setdefault("SECRET_KEY", "a-key-for-tests-that-protects-nothing-at-all-0123456789")

from config.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# WhiteNoise warns of a folder that does not exist, and warnings are errors here.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
# For its flush command, which may empty the tables that triggers guard.
INSTALLED_APPS = ["tests", *INSTALLED_APPS]  # noqa: F405
# Each client makes the middleware anew, and WhiteNoise would look through all static files each time.
WHITENOISE_AUTOREFRESH = True
