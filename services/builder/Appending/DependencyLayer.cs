using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Appending;

/// <summary>
/// A directory of installed dependencies as a layer below <c>/function</c>: files, directories and links as they are, owned by root, without times. What is neither is
/// left out. Lies in a temporary file that goes with this object.
/// </summary>
internal sealed class DependencyLayer : IDisposable
{
    private const string Root = "function";
    private readonly FileStream _file;

    private DependencyLayer(FileStream file, NewLayer layer) => (_file, Layer) = (file, layer);

    public NewLayer Layer { get; }

    public Stream Open() => ScratchFile.Reopen(_file);

    public static async Task<DependencyLayer> CreateAsync(string directory, CancellationToken cancellationToken)
    {
        var file = ScratchFile.Create();
        try
        {
            using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using (var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            await using (var hashed = new HashingStream(gzip, content))
            await using (var tar = new TarWriter(hashed, TarEntryFormat.Gnu, leaveOpen: true))
                await WriteAsync(tar, new DirectoryInfo(directory), Root, cancellationToken);
            await file.FlushAsync(cancellationToken);
            file.Position = 0;
            var digest = await SHA256.HashDataAsync(file, cancellationToken);
            return new DependencyLayer(file, new NewLayer(Hex(content.GetHashAndReset()), Hex(digest), file.Length));
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _file.Dispose();

    private static async Task WriteAsync(TarWriter tar, DirectoryInfo directory, string path, CancellationToken cancellationToken)
    {
        await tar.WriteEntryAsync(Entry(TarEntryType.Directory, path + "/", Bundle.Program), cancellationToken);
        foreach (var child in directory.EnumerateFileSystemInfos().OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            var name = $"{path}/{child.Name}";
            if (child.LinkTarget is { } target)
            {
                var link = Entry(TarEntryType.SymbolicLink, name, Bundle.Program);
                link.LinkName = target;
                await tar.WriteEntryAsync(link, cancellationToken);
            }
            else if (child is DirectoryInfo below)
            {
                await WriteAsync(tar, below, name, cancellationToken);
            }
            else if ((child.Attributes & FileAttributes.Device) == 0)
            {
                await using var content = new FileStream(child.FullName, FileMode.Open, FileAccess.Read, FileShare.Read);
                var entry = Entry(TarEntryType.RegularFile, name, (child.UnixFileMode & UnixFileMode.UserExecute) != 0 ? Bundle.Program : Bundle.Plain);
                entry.DataStream = content.Length == 0 ? null : content;
                await tar.WriteEntryAsync(entry, cancellationToken);
            }
        }
    }

    private static GnuTarEntry Entry(TarEntryType type, string path, UnixFileMode mode) => new(type, path)
    {
        Mode = mode,
        ModificationTime = DateTimeOffset.UnixEpoch,
        AccessTime = default,
        ChangeTime = default,
        Uid = 0,
        Gid = 0,
    };

    private static string Hex(ReadOnlySpan<byte> hash) => $"sha256:{Convert.ToHexStringLower(hash)}";
}
