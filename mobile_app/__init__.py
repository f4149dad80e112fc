"""The app: point a camera at a garment, on a phone, a Raspberry Pi kiosk or a desktop. Installed as `edgefashion_app`.

Only the modules that draw import Kivy; what they show is decided in modules without it.
"""
