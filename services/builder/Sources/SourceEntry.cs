namespace Kublambda.Builder.Sources;

/// <summary>One file of a source, not yet trusted beyond its path.</summary>
/// <param name="Path">Checked by <see cref="SourcePath"/>.</param>
/// <param name="Executable">Whether the file is to be executable; no other permission is kept.</param>
/// <param name="Length">The size that the source states; reading stops and refuses where it is another.</param>
/// <param name="Open">Opens the content.</param>
/// <param name="Crc32">The checksum that an archive states.</param>
public sealed record SourceEntry(string Path, bool Executable, long Length, Func<Stream> Open, uint? Crc32 = null);
