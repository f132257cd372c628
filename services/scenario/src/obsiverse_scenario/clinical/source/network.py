"""The model: standardization and a small perceptron, so that it takes features as they were measured."""

import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Features to a logit of being benign.

    Args:
        features: number of features.
        hidden: width of the two hidden layers.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.layers = nn.Sequential(
            nn.Linear(features, hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )

    def fit_scale(self, features: Tensor) -> None:
        """Take mean and standard deviation from training data (rows, features)."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_(features.std(0))

    def forward(self, features: Tensor) -> Tensor:
        """(rows, features) to (rows)."""
        return self.layers((features - self.mean) / self.scale).squeeze(-1)


def save(network: Network, path: str) -> None:
    """Keep weights and shape."""
    shape = {"features": len(network.mean), "hidden": network.layers[0].out_features}
    torch.save({"shape": shape, "weights": network.state_dict()}, path)


def load(path: str, device: str) -> Network:
    """A network as it was saved, ready to predict."""
    saved = torch.load(path, map_location=device, weights_only=True)
    network = Network(**saved["shape"]).to(device)
    network.load_state_dict(saved["weights"])
    return network.eval()
