using System.Text.Json;
using Kublambda.Builder.Builds;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Registry;

namespace Kublambda.Builder.Appending;

/// <summary>Layers of installed dependencies in a Lambda's cache repository, by what decides them.</summary>
public static class DependencyCache
{
    /// <summary>Media type of the config: it names the layer's tar.</summary>
    public const string ConfigMediaType = "application/vnd.kublambda.dependencies.config.v1+json";
    private const int ConfigBytes = 64 * 1024;

    /// <summary>The tag of what <see cref="BuildJob.Dependencies"/> names.</summary>
    public static string Tag(string dependencies) => $"dependencies-{dependencies}";

    /// <returns>Null where there are none, or where the source is compiled: then no layer does without it.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public static async Task<NewLayer?> FindAsync(IRegistryClient registry, BuildJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(registry);
        ArgumentNullException.ThrowIfNull(job);
        if (job.Dependencies is null || job.Builder is not null || job.Runtime == Runtimes.Dotnet)
            return null;
        return await ReadAsync(registry, Names.CacheRepository(job.Lambda), Tag(job.Dependencies), cancellationToken);
    }

    /// <returns>Null where there are none.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    internal static async Task<NewLayer?> ReadAsync(IRegistryClient registry, string repository, string tag, CancellationToken cancellationToken)
    {
        if (await registry.GetManifestAsync(repository, tag, cancellationToken) is not { } manifest)
            return null;
        try
        {
            if (manifest.Parse() is not { Config: { MediaType: ConfigMediaType, Size: <= ConfigBytes } config, Layers: [var layer] })
                return null;
            await using var stream = await registry.OpenBlobAsync(repository, config.Digest, cancellationToken);
            var content = await JsonSerializer.DeserializeAsync<Config>(stream, JsonSerializerOptions.Web, cancellationToken);
            return Digest.IsValid(content?.DiffId) ? new NewLayer(content!.DiffId, layer.Digest, layer.Size) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal sealed record Config(string DiffId);
}
