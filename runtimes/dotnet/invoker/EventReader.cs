using System.Net.Mime;
using System.Text;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;

namespace Kublambda.Invoker;

/// <summary>CloudEvents 1.0 over HTTP: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md.</summary>
internal static class EventReader
{
    private const string Batch = "application/cloudevents-batch";
    private const string Structured = "application/cloudevents";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private static readonly JsonEventFormatter Formatter = new();
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>The event of a request whose body was read, in binary or structured mode, told apart by the Content-Type.</summary>
    /// <exception cref="RefusedException">It is none.</exception>
    public static async Task<CloudEvent> ReadAsync(HttpRequest request, CloudEventFormatter? formatter = null)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer);
        var body = new ReadOnlyMemory<byte>(buffer.GetBuffer(), 0, (int)buffer.Length);
        var type = (request.ContentType ?? "").Split(';', 2)[0].Trim().ToLowerInvariant();
        if (type.StartsWith(Batch, StringComparison.Ordinal))
            throw Bad("The request is a batch of events. Send them one by one.");
        try
        {
            var cloudEvent = type.StartsWith(Structured, StringComparison.Ordinal) ? FromBody(type, request.ContentType!, body, formatter) : FromHeaders(request, body, formatter ?? Formatter);
            return cloudEvent.IsValid ? cloudEvent : throw Bad($"The event lacks {string.Join(", ", cloudEvent.SpecVersion.RequiredAttributes.Where(a => cloudEvent[a] is null).Select(a => a.Name))}.");
        }
        catch (Exception e) when (e is ArgumentException or JsonException or FormatException or InvalidOperationException)
        {
            throw Bad($"The event is not valid: {e.Message}");
        }
    }

    /// <summary>The event's data as a type of the function's.</summary>
    public static object? DataOf(CloudEvent cloudEvent, Type type) => cloudEvent.Data switch
    {
        null => null,
        var data when type.IsInstanceOfType(data) => data,
        JsonElement element => element.Deserialize(type, Json),
        var data => throw Bad($"The event's data is {data.GetType().Name}, not {type.Name}."),
    };

    private static CloudEvent FromBody(string type, string contentType, ReadOnlyMemory<byte> body, CloudEventFormatter? formatter) => type == "application/cloudevents+json" || formatter is not null
        ? (formatter ?? Formatter).DecodeStructuredModeMessage(body, new ContentType(contentType), null)
        : throw Bad($"The event format {type} is not known. Use application/cloudevents+json.");

    private static CloudEvent FromHeaders(HttpRequest request, ReadOnlyMemory<byte> body, CloudEventFormatter formatter)
    {
        var version = request.Headers["ce-specversion"].ToString();
        if (version.Length == 0 && !request.Headers.Keys.Any(name => name.StartsWith("ce-", StringComparison.OrdinalIgnoreCase)))
            throw Bad("The request is no CloudEvent: it has neither ce-... headers nor the Content-Type application/cloudevents+json.");
        if (version.Length == 0)
            throw Bad("The event lacks specversion.");
        var cloudEvent = new CloudEvent(CloudEventsSpecVersion.FromVersionId(version) ?? throw Bad($"The event's specversion is {version}; 1.0 is what is understood."));
        foreach (var (header, value) in request.Headers)
        {
            if (!header.StartsWith("ce-", StringComparison.OrdinalIgnoreCase))
                continue;
            var name = header[3..].ToLowerInvariant();
            if (name is not ("specversion" or "datacontenttype"))
                cloudEvent.SetAttributeFromString(name, Decoded(header, value.ToString()));
        }

        cloudEvent.DataContentType = request.ContentType;
        if (body.Length > 0)
            formatter.DecodeBinaryModeEventData(body, cloudEvent);
        return cloudEvent;
    }

    /// <summary>Percent-encoded UTF-8, decoded once; the header itself is UTF-8 or ISO 8859-1.</summary>
    private static string Decoded(string header, string value)
    {
        if (!value.Contains('%', StringComparison.Ordinal))
            return value;
        var bytes = new List<byte>(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '%' && i + 2 < value.Length && char.IsAsciiHexDigit(value[i + 1]) && char.IsAsciiHexDigit(value[i + 2]))
            {
                bytes.Add(Convert.FromHexString(value.AsSpan(i + 1, 2))[0]);
                i += 2;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(value, i, 1));
            }
        }

        try
        {
            return StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            throw Bad($"The header {header} is no percent-encoded UTF-8.");
        }
    }

    private static RefusedException Bad(string message) => new(StatusCodes.Status400BadRequest, "bad_event", message);
}
