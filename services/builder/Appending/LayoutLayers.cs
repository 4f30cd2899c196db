using System.Text.Json;
using Kublambda.Registry;

namespace Kublambda.Builder.Appending;

/// <summary>The layers of the one image of an OCI image layout (image-layout.md of the OCI image specification).</summary>
internal static class LayoutLayers
{
    /// <param name="directory">The layout; one that was never written has no layers.</param>
    /// <param name="found">Called with each layer and the file of its blob, lowest first.</param>
    /// <exception cref="InvalidDataException">It is no layout of one image with layers packed with gzip.</exception>
    public static IReadOnlyList<AddedLayer> Read(string directory, Func<NewLayer, string, AddedLayer> found)
    {
        var index = Path.Combine(directory, "index.json");
        if (!File.Exists(index))
            return [];
        try
        {
            using var images = JsonDocument.Parse(File.ReadAllBytes(index));
            var manifests = images.RootElement.GetProperty("manifests");
            if (manifests.GetArrayLength() != 1)
                throw new InvalidDataException($"{directory} holds {manifests.GetArrayLength()} images.");
            var manifest = OciManifest.Parse(File.ReadAllBytes(Blob(directory, manifests[0].GetProperty("digest").GetString())));
            if (manifest is not { Config: { } config, Layers: { } layers } || layers.Any(l => l.MediaType != MediaTypes.OciLayerGzip))
                throw new InvalidDataException($"{directory} holds no image with layers packed with gzip.");
            using var root = JsonDocument.Parse(File.ReadAllBytes(Blob(directory, config.Digest)));
            var diffIds = root.RootElement.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Select(d => d.GetString()!).ToList();
            return [.. layers.Zip(diffIds, (layer, diffId) => found(new NewLayer(diffId, layer.Digest, layer.Size), Blob(directory, layer.Digest)))];
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{directory} is no OCI image layout: {e.Message}", e);
        }
    }

    private static string Blob(string directory, string? digest) => Digest.IsValid(digest)
        ? Path.Combine(directory, "blobs", "sha256", digest!["sha256:".Length..])
        : throw new InvalidDataException($"{directory} is no OCI image layout: \"{digest}\" is no digest.");
}
