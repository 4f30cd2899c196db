using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Kublambda.Builder.Sources;

/// <summary>Reads single files out of a bundle.</summary>
public static class BundleFile
{
    /// <returns>The file's text; null where there is none of this path, or it is longer than <paramref name="maxBytes"/>.</returns>
    public static async Task<string?> ReadTextAsync(Bundle bundle, string path, int maxBytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        await using var packed = bundle.Open();
        await using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        await using var tar = new TarReader(unpacked);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            if (entry.Name != path)
                continue;
            if (entry.Length > maxBytes)
                return null;
            if (entry.DataStream is not { } content)
                return "";
            using var reader = new StreamReader(content, Encoding.UTF8);
            return await reader.ReadToEndAsync(cancellationToken);
        }

        return null;
    }
}
