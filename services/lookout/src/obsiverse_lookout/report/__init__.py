"""A report of dashboards for people who open none: each as a PNG, and all in one PDF.

Run by `obsiverse report` as `python -m obsiverse_lookout.report`, in this project's environment, which has what drives a browser. It
reads an order as JSON from its input and writes a JSON line for each thing that it did.
"""
