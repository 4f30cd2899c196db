using System.Buffers;
using System.IO.Compression;
using System.Text.Json;

namespace Kublambda.Watcher.Streams;

/// <summary>An object of a stream, as it was seen at one resourceVersion.</summary>
/// <param name="Key"><c>namespace/name</c>, or the name alone.</param>
/// <param name="Uid">Tells it from a later one of the same name.</param>
/// <param name="Version">Its resourceVersion.</param>
/// <param name="Packed">Its JSON, compressed.</param>
internal sealed record ObjectState(string Key, string Uid, string Version, byte[] Packed)
{
    /// <summary>The object as JSON, in UTF-8.</summary>
    public byte[] Json() => Packing.Unpack(Packed);

    /// <summary>Key, uid and resourceVersion of an object, without reading the rest of it.</summary>
    /// <exception cref="JsonException">It has no name, uid or resourceVersion.</exception>
    public static (string Key, string Uid, string Version) Identify(JsonElement item)
    {
        if (!item.TryGetProperty("metadata", out var metadata))
            throw new JsonException("An object without metadata.");
        return (KeyOf(metadata), Text(metadata, "uid"), Text(metadata, "resourceVersion"));
    }

    /// <summary>
    /// Reads an object of the API. <c>metadata.managedFields</c> is left out: who wrote what is half of the object, and no part of its state.
    /// <c>apiVersion</c> and <c>kind</c> are written first, as elements of lists lack them.
    /// </summary>
    /// <exception cref="JsonException">It has no name, uid or resourceVersion.</exception>
    public static ObjectState Of(JsonElement item, string apiVersion, string kind)
    {
        if (!item.TryGetProperty("metadata", out var metadata))
            throw new JsonException("An object without metadata.");
        return new ObjectState(KeyOf(metadata), Text(metadata, "uid"), Text(metadata, "resourceVersion"), Packing.Pack(Write(item, apiVersion, kind).WrittenSpan));
    }

    /// <summary>The namespace in a key; null for a cluster-scoped object.</summary>
    public static string? NamespaceOf(string key) => key.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? key[..slash] : null;

    /// <summary>The name in a key.</summary>
    public static string NameOf(string key) => key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..];

    private static ArrayBufferWriter<byte> Write(JsonElement item, string apiVersion, string kind)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteString("apiVersion"u8, apiVersion);
        writer.WriteString("kind"u8, kind);
        foreach (var member in item.EnumerateObject())
        {
            if (member.NameEquals("apiVersion"u8) || member.NameEquals("kind"u8))
                continue;
            if (!member.NameEquals("metadata"u8))
            {
                member.WriteTo(writer);
                continue;
            }

            writer.WriteStartObject("metadata"u8);
            foreach (var each in member.Value.EnumerateObject().Where(each => !each.NameEquals("managedFields"u8)))
                each.WriteTo(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.Flush();
        return buffer;
    }

    private static string KeyOf(JsonElement metadata) =>
        metadata.TryGetProperty("namespace", out var ns) && ns.GetString() is { Length: > 0 } space ? $"{space}/{Text(metadata, "name")}" : Text(metadata, "name");

    private static string Text(JsonElement metadata, string member) =>
        metadata.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new JsonException($"An object without metadata.{member}.");
}

/// <summary>gzip, as fast as it gets: objects of Kubernetes shrink to a fifth.</summary>
internal static class Packing
{
    public const string Encoding = "gzip";

    public static byte[] Pack(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream(bytes.Length / 4);
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    public static byte[] Unpack(byte[] packed)
    {
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        // The last four bytes are the length of what was packed.
        using var bytes = new MemoryStream(packed.Length >= 4 ? (int)Math.Min(BitConverter.ToUInt32(packed, packed.Length - 4), 64 * 1024 * 1024) : 0);
        gzip.CopyTo(bytes);
        return bytes.ToArray();
    }
}
