using System.Text;

namespace Kublambda.Builder.Remote;

/// <summary>The directory of one git run, for this user only; it goes with this object.</summary>
internal sealed class GitHome : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public GitHome()
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("Keys are files that only their owner reads.");
        Directory.CreateDirectory(Path, Private | UnixFileMode.UserExecute);
    }

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"kublambda-git-{Environment.ProcessId}-{Guid.NewGuid():N}");

    /// <summary>The files that <c>ssh</c> reads. Keys need a line break at their end, and secrets often lost it.</summary>
    public void WriteSsh(byte[] privateKey, byte[] knownHosts)
    {
        Write("key", Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(privateKey).ReplaceLineEndings("\n").TrimEnd() + "\n"));
        Write("known_hosts", knownHosts);
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // A process that was just killed still held a file; the pod's /tmp goes with the pod.
        }
        catch (UnauthorizedAccessException)
        {
            // The same.
        }
    }

    private void Write(string name, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        using var file = new FileStream(System.IO.Path.Combine(Path, name), options);
        file.Write(content);
    }
}
