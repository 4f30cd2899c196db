using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Kublambda.Builder.Builds;
using Kublambda.Builder.Sources;
using Kublambda.Contracts;
using Kublambda.Registry;

namespace Kublambda.Builder.Remote;

/// <summary>
/// Knows again what was fetched before, by any replica: the bundle's artifact in the registry has a second tag made of what names its content (an
/// archive's digest, a commit). It goes with the artifact.
/// </summary>
public sealed class BundleMemory(IRegistryClient registry)
{
    private const int MaxConfig = 16 * 1024 * 1024;

    /// <summary>A tag's part for what names a content.</summary>
    public static string Origin(params ReadOnlySpan<string?> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
            hash.AppendData(Encoding.UTF8.GetBytes($"{part?.Length ?? -1}:{part}"));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }

    /// <returns>Null where it was not fetched before, or is gone.</returns>
    /// <exception cref="RegistryException">The registry does not answer, or refuses.</exception>
    public async Task<Bundle?> FindAsync(LambdaRef lambda, string origin, CancellationToken cancellationToken)
    {
        var repository = Names.Repository(lambda);
        var manifest = (await registry.GetManifestAsync(repository, Names.FetchedTag(origin), cancellationToken))?.Parse();
        if (manifest is not { Config: { Size: <= MaxConfig } config, Layers: [{ } layer] } || !await registry.BlobExistsAsync(repository, layer.Digest, cancellationToken))
            return null;
        try
        {
            await using var stream = await registry.OpenBlobAsync(repository, config.Digest, cancellationToken);
            var said = await JsonSerializer.DeserializeAsync<SourceConfig>(stream, SourceConfig.Json, cancellationToken);
            return said is { Content.Length: > 0, Paths.Count: > 0 }
                ? Bundle.Remembered(said.Content, layer.Digest, layer.Size, said.Paths, origin, () => new DeferredStream(stop => registry.OpenBlobAsync(repository, layer.Digest, stop)))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
