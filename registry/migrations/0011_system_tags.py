"""Tags of systems, by which a policy makes exceptions."""

from django.db import migrations, models

import registry.models.usage


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0010_independence"),
    ]

    operations = [
        migrations.AddField(
            model_name="system",
            name="tags",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text='Words by which a policy makes exceptions: a list such as ["sandbox"].',
                validators=[registry.models.usage.check_tags],
            ),
        ),
    ]
