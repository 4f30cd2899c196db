using System.Formats.Tar;
using System.IO.Compression;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Appending;

/// <summary>A bundle as a layer: its files below <c>/function</c>, owned by root, with all the directories on the way.</summary>
internal static class FunctionLayer
{
    private const string Root = "function/";
    private const UnixFileMode DirectoryMode = Bundle.Program;

    public static Task<PackedTar> PackAsync(Bundle bundle, CancellationToken cancellationToken) =>
        PackedTar.CreateAsync(tar => WriteAsync(tar, bundle, cancellationToken), cancellationToken);

    private static async Task WriteAsync(TarWriter to, Bundle bundle, CancellationToken cancellationToken)
    {
        await using var packed = bundle.Open();
        await using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        await using var from = new TarReader(unpacked);
        await using var scratch = ScratchFile.Create();
        var directories = new HashSet<string>(StringComparer.Ordinal);
        while (await from.GetNextEntryAsync(copyData: false, cancellationToken) is { } file)
        {
            var path = Root + file.Name;
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (directories.Add(path[..slash]))
                    await to.WriteEntryAsync(PackedTar.Entry(TarEntryType.Directory, path[..(slash + 1)], DirectoryMode), cancellationToken);
            }

            // The writer would hold what it cannot seek in memory.
            scratch.SetLength(0);
            if (file.DataStream is { } content)
                await content.CopyToAsync(scratch, cancellationToken);
            scratch.Position = 0;
            await to.WriteEntryAsync(PackedTar.Entry(TarEntryType.RegularFile, path, file.Mode, scratch), cancellationToken);
        }
    }
}
