"""The data flow of a program as a picture: steps and what they wait for, read off the schedule."""
