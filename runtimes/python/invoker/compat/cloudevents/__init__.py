"""What functions import from the CloudEvents SDK for Python, where their requirements do not bring it along."""
