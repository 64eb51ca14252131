"""The one layout: an item as logical lines, and each line as the lines it is laid out on."""
