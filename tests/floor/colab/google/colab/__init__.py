"""Stands in for Colab's package: what nbsweep and anywidget look for to know where they are."""
