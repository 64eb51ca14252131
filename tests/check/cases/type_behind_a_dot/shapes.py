class Circle:
    radius = 1.0
