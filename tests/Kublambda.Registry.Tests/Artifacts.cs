using System.Text;

namespace Kublambda.Registry.Tests;

/// <summary>Small images and indexes, made and pushed as any client would.</summary>
public static class Artifacts
{
    public static async Task<Descriptor> PushBlobAsync(IRegistryClient client, string repository, string text, string type = "application/octet-stream")
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        await client.PushBlobAsync(repository, Digest.Of(bytes), bytes.Length, () => new MemoryStream(bytes), TestContext.Current.CancellationToken);
        return new Descriptor(type, Digest.Of(bytes), bytes.Length);
    }

    /// <summary>An image whose one layer and config are made of <paramref name="seed"/>.</summary>
    public static async Task<Descriptor> PushImageAsync(
        IRegistryClient client, string repository, string? tag, string seed, IReadOnlyDictionary<string, string>? labels = null,
        IReadOnlyDictionary<string, string>? annotations = null, DateTimeOffset? created = null)
    {
        var config = System.Text.Json.JsonSerializer.Serialize(new { created, architecture = "amd64", os = "linux", comment = seed, config = new { Labels = labels } });
        var manifest = new OciManifest
        {
            MediaType = MediaTypes.OciManifest,
            Config = await PushBlobAsync(client, repository, config, MediaTypes.OciConfig),
            Layers = [await PushBlobAsync(client, repository, $"layer {seed}", MediaTypes.OciLayerGzip)],
            Annotations = annotations,
        }.ToBytes();
        return await client.PutManifestAsync(repository, tag ?? Digest.Of(manifest), MediaTypes.OciManifest, manifest, TestContext.Current.CancellationToken);
    }

    public static async Task<Descriptor> PushIndexAsync(IRegistryClient client, string repository, string tag, params Descriptor[] members)
    {
        var index = new OciManifest { MediaType = MediaTypes.OciIndex, Manifests = members }.ToBytes();
        return await client.PutManifestAsync(repository, tag, MediaTypes.OciIndex, index, TestContext.Current.CancellationToken);
    }

    public static async Task<List<string>> ListAsync(IAsyncEnumerable<string> names)
    {
        var list = new List<string>();
        await foreach (var name in names)
            list.Add(name);
        return list;
    }
}
