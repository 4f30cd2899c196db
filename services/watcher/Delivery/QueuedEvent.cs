using System.Globalization;
using System.Net.Mime;
using System.Text;
using CloudNative.CloudEvents;
using Kublambda.Triggers;
using Kublambda.Watcher.Streams;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Kublambda.Watcher.Delivery;

/// <summary>An event from a queue.</summary>
/// <param name="Tag">What it is acknowledged by.</param>
/// <param name="Properties">As they came.</param>
/// <param name="Body">As it came.</param>
/// <param name="Parked">It comes from the queue of parked events.</param>
/// <param name="Since">When it was first at hand.</param>
internal sealed record QueuedEvent(ulong Tag, IReadOnlyBasicProperties Properties, byte[] Body, bool Parked, DateTimeOffset Since)
{
    /// <summary>Calls so far.</summary>
    public int Attempts { get; set; }

    /// <param name="message">As it came; it is of no use any more when the consumer returns, so all is copied.</param>
    /// <param name="parked">It comes from the queue of parked events.</param>
    /// <param name="now">When.</param>
    public static QueuedEvent Of(BasicDeliverEventArgs message, bool parked, DateTimeOffset now)
    {
        var queued = new QueuedEvent(message.DeliveryTag, new BasicProperties(message.BasicProperties), message.Body.ToArray(), parked, now);
        if (!parked || !long.TryParse(queued.Header(TriggerHeaders.Since), CultureInfo.InvariantCulture, out var since))
            return queued;
        return queued with
        {
            Since = DateTimeOffset.FromUnixTimeMilliseconds(since),
            Attempts = int.TryParse(queued.Header(TriggerHeaders.Attempts), CultureInfo.InvariantCulture, out var attempts) ? attempts : 0,
        };
    }

    /// <summary><c>namespace/name</c> of the Lambda.</summary>
    public string Lambda => Header(TriggerHeaders.Lambda);

    public string Trigger => Attribute("trigger");

    /// <summary>Of two events with the same one the first is delivered before the second: trigger, kind and object.</summary>
    public string Lane => $"{Trigger}\n{Attribute("apiversion")}\n{Attribute("kind")}\n{Attribute("subject")}";

    /// <summary>What the function is told once: an event for a trigger.</summary>
    public string Identity => $"{Trigger}\n{Attribute("id")}";

    /// <exception cref="FormatException">It is no CloudEvent.</exception>
    public CloudEvent ToCloudEvent()
    {
        try
        {
            var made = new CloudEvent(CloudEventsSpecVersion.V1_0)
            {
                Id = Attribute("id"),
                Type = Attribute("type"),
                Source = new Uri(Attribute("source"), UriKind.RelativeOrAbsolute),
                Subject = Attribute("subject"),
                DataContentType = MediaTypeNames.Application.Json,
                Data = Properties.ContentEncoding == Packing.Encoding ? Packing.Unpack(Body) : Body,
            };
            if (DateTimeOffset.TryParse(Attribute("time"), CultureInfo.InvariantCulture, out var time))
                made.Time = time;
            foreach (var extension in new[] { "kind", "apiversion", "namespace", "name", "trigger" })
            {
                if (Attribute(extension) is { Length: > 0 } value)
                    made[extension] = value;
            }

            return made.Validate();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or UriFormatException or InvalidDataException)
        {
            throw new FormatException($"The message is no event of a trigger: {e.Message}", e);
        }
    }

    private string Attribute(string name) => Header(TriggerHeaders.CloudEventPrefix + name);

    private string Header(string name) =>
        Properties.Headers?.TryGetValue(name, out var value) == true
            ? value switch { byte[] bytes => Encoding.UTF8.GetString(bytes), string text => text, _ => "" }
            : "";
}
