"""Files of models: headers and weights, folders of the hub, and how a model was trained to be asked."""
