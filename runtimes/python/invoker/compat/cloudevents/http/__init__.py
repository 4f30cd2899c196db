"""The event that a handler gets: the shape of CloudEvent in https://github.com/cloudevents/sdk-python, version 1."""

import datetime
import uuid


class CloudEvent:
    """Attributes by name (`event["type"]`), and `data`."""

    def __init__(self, attributes, data=None):
        self._attributes = {name.lower(): value for name, value in dict(attributes).items()}
        self.data = data
        self._attributes.setdefault("specversion", "1.0")
        self._attributes.setdefault("id", str(uuid.uuid4()))
        self._attributes.setdefault("time", datetime.datetime.now(datetime.timezone.utc).isoformat())
        for name in ("source", "type"):
            if name not in self._attributes:
                raise ValueError(f"Missing required attribute {name}.")

    @classmethod
    def create(cls, attributes, data):
        return cls(attributes, data)

    def get_attributes(self):
        return dict(self._attributes)

    def get_data(self):
        return self.data

    def get(self, name, default=None):
        return self._attributes.get(name, default)

    def __getitem__(self, name):
        return self._attributes[name]

    def __setitem__(self, name, value):
        self._attributes[name] = value

    def __delitem__(self, name):
        del self._attributes[name]

    def __iter__(self):
        return iter(self._attributes)

    def __contains__(self, name):
        return name in self._attributes

    def __len__(self):
        return len(self._attributes)

    def __eq__(self, other):
        return isinstance(other, CloudEvent) and self.data == other.data and self._attributes == other._attributes

    def __repr__(self):
        return str({"attributes": self._attributes, "data": self.data})
