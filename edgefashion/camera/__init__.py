"""Frames from cameras, video files and folders, and the thread that classifies the newest; no Kivy, no OpenCV."""
