using System.Formats.Tar;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Appending;

/// <summary>
/// A directory of installed dependencies as a layer below <c>/function</c>: files, directories and links as they are, owned by root,
/// without times. What is neither is left out.
/// </summary>
internal static class DependencyLayer
{
    private const string Root = "function";

    public static Task<PackedTar> PackAsync(string directory, CancellationToken cancellationToken) =>
        PackedTar.CreateAsync(tar => WriteAsync(tar, new DirectoryInfo(directory), Root, cancellationToken), cancellationToken);

    private static async Task WriteAsync(TarWriter tar, DirectoryInfo directory, string path, CancellationToken cancellationToken)
    {
        await tar.WriteEntryAsync(PackedTar.Entry(TarEntryType.Directory, path + "/", Bundle.Program), cancellationToken);
        foreach (var child in directory.EnumerateFileSystemInfos().OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            var name = $"{path}/{child.Name}";
            if (child.LinkTarget is { } target)
            {
                var link = PackedTar.Entry(TarEntryType.SymbolicLink, name, Bundle.Program);
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
                var entry = PackedTar.Entry(TarEntryType.RegularFile, name, (child.UnixFileMode & UnixFileMode.UserExecute) != 0 ? Bundle.Program : Bundle.Plain, content);
                await tar.WriteEntryAsync(entry, cancellationToken);
            }
        }
    }
}
