"""Twenty-four hours, in UTC like everything else: nobody has to ask which half of the day a retirement begins in."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y H:i"
