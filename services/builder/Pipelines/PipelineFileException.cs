namespace Kublambda.Builder.Pipelines;

/// <summary>A pipeline file is wrong. The builder refuses to start rather than to build with half of it.</summary>
/// <param name="file">Path of the file.</param>
/// <param name="line">Line, counted from 1; 0 where no line is to blame.</param>
/// <param name="reason">What is wrong and what is allowed.</param>
public sealed class PipelineFileException(string file, long line, string reason)
    : Exception(line > 0 ? $"{file}:{line}: {reason}" : $"{file}: {reason}")
{
    public string File { get; } = file;
    public long Line { get; } = line;
}
