using System.Security.Cryptography;
using System.Text;
using Kublambda.Builder.Pipelines;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Builds;

/// <summary>What an image is made of, as a name: the same inputs, the same revision, no second build.</summary>
public static class Revision
{
    private const int Length = 12;

    /// <param name="bundleDigest">The digest of the bundle's content.</param>
    /// <param name="runtimeDigest">The digest of the runtime's image.</param>
    /// <param name="pipeline">The pipeline, with its parameters as they are set.</param>
    /// <param name="buildEnv"><c>spec.build.env</c>.</param>
    /// <param name="rebuild">The value of <see cref="Labels.Rebuild"/>.</param>
    /// <returns>Twelve hex digits of a SHA-256.</returns>
    public static string Of(string bundleDigest, string runtimeDigest, Pipeline pipeline, IReadOnlyList<EnvVar>? buildEnv, string? rebuild)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, bundleDigest);
        Append(hash, runtimeDigest);
        Append(hash, pipeline.ContentDigest());
        foreach (var variable in buildEnv ?? [])
        {
            Append(hash, variable.Name);
            Append(hash, variable.Value ?? "");
        }

        if (rebuild is not null)
            Append(hash, $"rebuild {rebuild}");
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Length];
    }

    /// <param name="digest">Of a ready image.</param>
    /// <param name="rebuild">The value of <see cref="Labels.Rebuild"/>: here its pods start anew.</param>
    public static string OfImage(string digest, string? rebuild)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "image");
        Append(hash, digest);
        if (rebuild is not null)
            Append(hash, $"rebuild {rebuild}");
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..Length];
    }

    // Each part with its length before it, so that no two lists of parts read the same.
    private static void Append(IncrementalHash hash, string part)
    {
        var bytes = Encoding.UTF8.GetBytes(part);
        hash.AppendData(BitConverter.GetBytes(bytes.Length));
        hash.AppendData(bytes);
    }
}
