using System.Text.Json;
using System.Text.Json.Nodes;
using Kublambda.Registry;

namespace Kublambda.Builder.Appending;

/// <summary>The config and the manifest of an image with one more layer. Pure: the same inputs, the same bytes.</summary>
/// <param name="Config">The config as it goes into the registry.</param>
/// <param name="Manifest">The manifest, likewise.</param>
/// <param name="MediaType">The manifest's type: that of the base, OCI or Docker.</param>
public sealed record AppendedImage(byte[] Config, byte[] Manifest, string MediaType)
{
    private const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    // A constant: what a build's clock says would make each build another image. Age is told by the source bundle's manifest.
    private const string Created = "1970-01-01T00:00:00Z";

    /// <param name="manifest">The base's manifest.</param>
    /// <param name="config">The base's config. Entry point, environment, user and all else in it stay.</param>
    /// <param name="added">The new layers, the last one on top.</param>
    /// <param name="labels">Put over the base's labels.</param>
    /// <exception cref="JsonException">The base is no image that can be built on.</exception>
    public static AppendedImage Of(ManifestContent manifest, ReadOnlySpan<byte> config, IReadOnlyList<NewLayer> added, IEnumerable<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(labels);
        var below = manifest.Parse();
        var root = JsonNode.Parse(config) as JsonObject ?? throw new JsonException("The config is no object.");
        if (root["rootfs"]?["diff_ids"] is not JsonArray diffIds || below.Layers is not { } layers || diffIds.Count != layers.Count)
            throw new JsonException("The config does not list the manifest's layers.");

        foreach (var layer in added)
            diffIds.Add(layer.DiffId);
        root["created"] = Created;
        Child(Child(root, "config"), "Labels", labels);
        if (root["history"] is JsonArray history)
        {
            foreach (var _ in added)
                history.Add(new JsonObject { ["created"] = Created, ["created_by"] = "kublambda append" });
        }

        var bytes = JsonSerializer.SerializeToUtf8Bytes(root);

        var docker = manifest.Descriptor.MediaType == MediaTypes.DockerManifest;
        var appended = new OciManifest
        {
            MediaType = docker ? MediaTypes.DockerManifest : MediaTypes.OciManifest,
            Config = new Descriptor(docker ? MediaTypes.DockerConfig : MediaTypes.OciConfig, Digest.Of(bytes), bytes.Length),
            Layers = [.. layers, .. added.Select(l => new Descriptor(docker ? DockerLayer : MediaTypes.OciLayerGzip, l.Digest, l.Length))],
        };
        return new AppendedImage(bytes, appended.ToBytes(), appended.MediaType);
    }

    private static JsonObject Child(JsonObject parent, string name, IEnumerable<KeyValuePair<string, string>>? values = null)
    {
        if (parent[name] is not JsonObject child)
            parent[name] = child = [];
        foreach (var (key, value) in values ?? [])
            child[key] = value;
        return child;
    }
}

/// <summary>A layer that an image gets: a tar, packed with gzip.</summary>
/// <param name="DiffId">Digest of the tar.</param>
/// <param name="Digest">Digest of the blob.</param>
/// <param name="Length">Bytes of the blob.</param>
public sealed record NewLayer(string DiffId, string Digest, long Length);
