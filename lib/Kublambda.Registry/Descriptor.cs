using System.Text.Json.Serialization;

namespace Kublambda.Registry;

/// <summary>A reference to content, as in the OCI image specification.</summary>
/// <param name="MediaType">What it is.</param>
/// <param name="Digest"><c>sha256:</c> and 64 hex digits.</param>
/// <param name="Size">Bytes.</param>
public sealed record Descriptor(string MediaType, string Digest, long Size)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>A manifest as the registry keeps it: digests are over exactly these bytes.</summary>
public sealed record ManifestContent(Descriptor Descriptor, ReadOnlyMemory<byte> Content)
{
    /// <summary>Reads the fields of an image manifest or index.</summary>
    /// <exception cref="System.Text.Json.JsonException">The bytes are no manifest.</exception>
    public OciManifest Parse() => OciManifest.Parse(Content.Span);
}
