namespace Kublambda.Contracts;

/// <summary>Every bound on what a user may hand in, and on what is handed back, in one place.</summary>
public static class Limits
{
    /// <summary>Length of a Lambda's name: leaves room for the suffixes of derived names within a DNS label (63).</summary>
    public const int NameLength = 52;

    /// <summary>Bytes of a source, unpacked.</summary>
    public const long SourceBytes = 200L * 1024 * 1024;

    /// <summary>Files in a source.</summary>
    public const int SourceFiles = 20_000;

    /// <summary>Length of one path in a source, in characters.</summary>
    public const int SourcePathLength = 240;

    /// <summary>Bytes of an archive that is fetched, packed.</summary>
    public const long ArchiveBytes = 100L * 1024 * 1024;

    /// <summary>Bytes on disk of a git repository while it is fetched: one commit of it, packed.</summary>
    public const long GitBytes = 200L * 1024 * 1024;

    /// <summary>Unpacked bytes for each packed byte, above which an archive is taken for a bomb.</summary>
    public const int SourceRatio = 200;

    /// <summary>Bytes of the log of one build as it is kept beside the image: the beginning and the end of a longer one.</summary>
    public const int BuildLogBytes = 1024 * 1024;

    /// <summary>Bytes of the log tail that a condition or status carries.</summary>
    public const int LogTailBytes = 4096;

    /// <summary>Lines of the log tail.</summary>
    public const int LogTailLines = 40;

    /// <summary>Length of a condition's message (metav1.Condition: 32768), kept short enough to be read.</summary>
    public const int MessageLength = 8192;

    /// <summary>Length of a Kubernetes Event's message (core/v1: 1024).</summary>
    public const int EventMessageLength = 1024;
}
