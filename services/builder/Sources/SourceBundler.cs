using System.Text;
using k8s.Models;
using Kublambda.Contracts.Resources;

namespace Kublambda.Builder.Sources;

/// <summary>From <c>spec.source</c> to a bundle. Pure but for the temporary files of <see cref="Bundle"/>.</summary>
public static class SourceBundler
{
    // A ConfigMap and a resource hold at most about 1.5 MiB (etcd); what is longer is none.
    private const int ArchiveBytes = 8 * 1024 * 1024;

    /// <param name="spec">The Lambda's spec.</param>
    /// <param name="configMap">The ConfigMap that the source names; null where it names none, or it does not exist.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="SourceRefusedException">The user has to change the source.</exception>
    /// <exception cref="SourceNotFoundException">The ConfigMap or its key is not there.</exception>
    public static async Task<Bundle> Create(LambdaSpec spec, V1ConfigMap? configMap, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // The caller's.
        return HandlerFile.Checked(spec, spec.Source switch
        {
            { Inline: { } inline } => await Bundle.Create(Tree(inline), packedBytes: null, cancellationToken),
            { Zip.ConfigMap: { } key } => await FromArchive(Read(key, configMap), cancellationToken),
            { Zip.Data: { } data } => await FromArchive(Decode(data, "spec.source.zip.data"), cancellationToken),
            _ => throw new SourceRefusedException("The source is of a kind that this version does not build. Use spec.source.inline or spec.source.zip."),
        });
#pragma warning restore CA2000
    }

    private static SourceTree Tree(InlineSource inline)
    {
        var tree = new SourceTree();
        foreach (var (path, text) in inline.Files)
        {
            var content = Encoding.UTF8.GetBytes(text ?? "");
            tree.Add(new SourceEntry(path, Executable: false, content.Length, () => new MemoryStream(content, writable: false)));
        }

        return tree;
    }

    private static async Task<Bundle> FromArchive(byte[] archive, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream(archive, writable: false);
        return await SourceArchive.BundleAsync(stream, SourceDirectory.Root, cancellationToken);
    }

    private static byte[] Read(KeyRef key, V1ConfigMap? configMap)
    {
        if (configMap is null)
            throw new SourceNotFoundException($"The ConfigMap \"{key.Name}\" that spec.source.zip names does not exist in this namespace. Create it; the build starts by itself then.");
        if (configMap.BinaryData?.TryGetValue(key.Key, out var binary) == true)
            return binary;
        if (configMap.Data?.TryGetValue(key.Key, out var text) == true)
            return Decode(text, $"The key \"{key.Key}\" of the ConfigMap \"{key.Name}\"");
        var keys = (configMap.BinaryData?.Keys ?? []).Concat(configMap.Data?.Keys ?? []).Order(StringComparer.Ordinal).Take(20).ToList();
        throw new SourceNotFoundException(
            $"The ConfigMap \"{key.Name}\" that spec.source.zip names has no key \"{key.Key}\"; it has {(keys.Count == 0 ? "none" : string.Join(", ", keys))}.");
    }

    private static byte[] Decode(string base64, string what)
    {
        if (base64.Length > ArchiveBytes)
            throw new SourceRefusedException($"{what} is longer than {ArchiveBytes / (1024 * 1024)} MiB.");
        try
        {
            return Convert.FromBase64String(base64);
        }
        catch (FormatException)
        {
            throw new SourceRefusedException($"{what} is not base64. Make it with \"base64 -w0 source.zip\" or \"base64 -w0 source.tar.gz\".");
        }
    }
}
