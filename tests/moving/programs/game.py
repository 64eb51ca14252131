"""A text adventure: scenes, dialogue and what an action brings."""
from dataclasses import dataclass

import dspy


@dataclass
class Player:
    name: str
    health: int = 100


class StoryGenerator(dspy.Signature):
    """Generate dynamic story content based on current game state."""

    location: str = dspy.InputField(desc="Current location")
    player_info: str = dspy.InputField(desc="Player information and stats")
    story_progress: int = dspy.InputField(desc="Current story progress level")
    scene_description: str = dspy.OutputField(desc="Vivid description of current scene")
    available_actions: list[str] = dspy.OutputField(desc="List of possible player actions")
    consequences: str = dspy.OutputField(desc="What happened")


class GameAI(dspy.Module):
    """Main AI module for game logic and narrative."""

    def __init__(self):
        super().__init__()
        self.story_gen = dspy.ChainOfThought(StoryGenerator)

    def forward(self, location, player_info, story_progress=0):
        scene = self.story_gen(location=location, player_info=player_info, story_progress=story_progress)
        if not scene.available_actions:
            return dspy.Prediction(text=scene.scene_description, actions=["Look around"])
        return dspy.Prediction(text=scene.scene_description, actions=scene.available_actions)


game = GameAI()
