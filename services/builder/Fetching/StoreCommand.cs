using System.Globalization;
using System.Text.Json;
using Kublambda.Builder.Appending;
using Kublambda.Contracts;
using Kublambda.Registry;

namespace Kublambda.Builder.Fetching;

/// <summary>
/// <c>store --tls-verify=true|false &lt;host/repository:tag&gt; &lt;directory&gt;</c>: a step of build pods. Keeps installed dependencies as a layer in the Lambda's cache
/// repository, for builds without a pod.
/// </summary>
public static class StoreCommand
{
    public const string Verb = "store";
    public const string UsageText = "usage: store --tls-verify=true|false <host/repository:tag> <directory>";

    /// <param name="target">Where to.</param>
    /// <param name="directory">What was installed; becomes <c>/function</c>.</param>
    /// <param name="registry">The registry.</param>
    /// <param name="now">Said in the manifest: retention goes by it.</param>
    /// <param name="error">For the one line that says why it failed.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(ImageReference target, string directory, IRegistryClient registry, DateTimeOffset now, TextWriter error, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(registry);
        try
        {
            // From an earlier try: another manifest under the tag would leave this one without a tag, where clean-up cannot find it.
            if (await registry.HeadManifestAsync(target.Repository, target.Tag!, cancellationToken) is not null)
                return 0;
            using var layer = await DependencyLayer.PackAsync(directory, cancellationToken);
            var config = JsonSerializer.SerializeToUtf8Bytes(new DependencyCache.Config(layer.TarDigest), JsonSerializerOptions.Web);
            var repository = target.Repository;
            await registry.PushBlobAsync(repository, layer.Digest, layer.Length, layer.Open, cancellationToken);
            await registry.PushBlobAsync(repository, Digest.Of(config), config.Length, () => new MemoryStream(config, writable: false), cancellationToken);
            var manifest = new OciManifest
            {
                MediaType = MediaTypes.OciManifest,
                Config = new Descriptor(DependencyCache.ConfigMediaType, Digest.Of(config), config.Length),
                Layers = [new Descriptor(MediaTypes.OciLayerGzip, layer.Digest, layer.Length)],
                Annotations = new Dictionary<string, string> { [OciAnnotations.Created] = now.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) },
            };
            await registry.PutManifestAsync(repository, target.Tag!, MediaTypes.OciManifest, manifest.ToBytes(), cancellationToken);
            return 0;
        }
        catch (Exception e) when (e is RegistryException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"store: {e.Message}");
            return 1;
        }
    }
}
