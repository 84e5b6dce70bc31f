"""What if they go? A vendor, a host, a country, a class of licenses or a model is gone from a day on: what then?

`question` says what is asked and what is lost by it, `fates` judges one dependency by the very function that the gate
calls, `fixes` finds the one action that would help most, `answer` puts it together; all four are pure. `load` brings
the rows, and `ask` is the way in.
"""
