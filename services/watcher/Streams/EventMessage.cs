using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kublambda.Triggers;
using Kublambda.Watcher.Broker;
using RabbitMQ.Client;

namespace Kublambda.Watcher.Streams;

/// <summary>An event as a message: a CloudEvent in the binary mode of the AMQP binding.</summary>
internal static class EventMessage
{
    /// <summary>Bodies below this are not worth packing.</summary>
    private const int PackFrom = 1024;

    public static Outgoing Of(BoundTrigger bound, StreamSpec stream, TriggerEvent happened, ObjectState now, ObjectState? before, DateTimeOffset time)
    {
        var trigger = bound.Trigger;
        var body = Body(now, before);
        var packed = body.Length >= PackFrom;
        var ns = ObjectState.NamespaceOf(now.Key);
        var headers = new Dictionary<string, object?>
        {
            [TriggerHeaders.Lambda] = trigger.Lambda.ToString(),
            [TriggerHeaders.Trigger] = trigger.Name,
        };
        void Attribute(string name, string value) => headers[TriggerHeaders.CloudEventPrefix + name] = value;
        Attribute("specversion", "1.0");
        Attribute("id", Id(now.Uid, now.Version, happened));
        Attribute("type", TriggerEvents.CloudEventType(happened));
        Attribute("source", Source(stream, ns));
        Attribute("subject", now.Key);
        Attribute("time", time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
        Attribute("kind", stream.Served.Kind.Kind);
        Attribute("apiversion", stream.Served.Kind.ApiVersion);
        Attribute("name", ObjectState.NameOf(now.Key));
        if (ns is not null)
            Attribute("namespace", ns);
        var properties = new BasicProperties
        {
            Persistent = true,
            ContentType = "application/json",
            ContentEncoding = packed ? Packing.Encoding : null,
            Headers = headers,
        };
        return new Outgoing(bound.Queues.Exchange, TriggerQueues.EventsKey, properties, packed ? Packing.Pack(body) : body);
    }

    /// <summary>The same event has the same id, whenever and by whomever it is found. For Deleted the version is that of the last seen state.</summary>
    public static string Id(string uid, string version, TriggerEvent happened) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{uid}/{version}/{TriggerEvents.CloudEventType(happened)}")))[..32];

    internal static string Source(StreamSpec stream, string? ns) =>
        $"/{stream.Served.Kind.Root}{(ns is null ? "" : $"/namespaces/{ns}")}/{stream.Served.Plural}";

    private static byte[] Body(ObjectState now, ObjectState? before) =>
        [.. "{\"object\":"u8, .. now.Json(), .. ",\"oldObject\":"u8, .. before?.Json() ?? "null"u8.ToArray(), .. "}"u8];
}
