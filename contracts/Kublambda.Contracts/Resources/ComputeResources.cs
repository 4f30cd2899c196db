using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kublambda.Contracts.Resources;

/// <summary>Requests and limits by resource name (<c>cpu</c>, <c>memory</c>), as Kubernetes quantities.</summary>
public sealed record ComputeResources
{
    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, string>? Requests { get; init; }

    [JsonConverter(typeof(QuantityMapConverter))]
    public IReadOnlyDictionary<string, string>? Limits { get; init; }
}

/// <summary>Kubernetes writes a quantity as text or as a whole number (<c>x-kubernetes-int-or-string</c>); here it is always text.</summary>
internal sealed class QuantityMapConverter : JsonConverter<IReadOnlyDictionary<string, string>?>
{
    public override IReadOnlyDictionary<string, string>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return document.RootElement.ValueKind == JsonValueKind.Object
            ? document.RootElement.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.ToString(), StringComparer.Ordinal)
            : null;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, string>? value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        foreach (var (name, quantity) in value)
            writer.WriteString(name, quantity);
        writer.WriteEndObject();
    }
}
