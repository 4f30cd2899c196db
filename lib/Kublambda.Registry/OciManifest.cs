using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kublambda.Registry;

/// <summary>An image manifest (config and layers), or an index (manifests).</summary>
public sealed record OciManifest
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        MaxDepth = 32,
    };

    public int SchemaVersion { get; init; } = 2;
    public string? MediaType { get; init; }
    public string? ArtifactType { get; init; }
    public Descriptor? Config { get; init; }
    public IReadOnlyList<Descriptor>? Layers { get; init; }

    /// <summary>The members of an index.</summary>
    public IReadOnlyList<Descriptor>? Manifests { get; init; }
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <exception cref="JsonException">The bytes are no manifest.</exception>
    public static OciManifest Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<OciManifest>(json, Json) ?? throw new JsonException("The manifest is null.");

    /// <summary>The same object always gives the same bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
