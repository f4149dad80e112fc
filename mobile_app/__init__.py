"""The app: point a camera at a garment, on a phone, on a Raspberry Pi kiosk, on a desktop. Installed as `edgefashion_app`.

Only the modules that draw import Kivy; what they show is decided in modules without it.
"""
