namespace Kublambda.Cel.Syntax;

/// <summary>The text of an expression; turns offsets into lines and columns.</summary>
internal sealed class SourceText(string text)
{
    public string Text { get; } = text;

    public CelIssue Issue(string message, int position, string? hint = null)
    {
        var end = Math.Clamp(position, 0, Text.Length);
        var line = 1;
        var start = 0;
        for (var i = 0; i < end; i++)
        {
            if (Text[i] != '\n') continue;
            line++;
            start = i + 1;
        }

        return new CelIssue(message, line, end - start + 1, hint);
    }

    public CelException Error(CelErrorKind kind, string message, int position, string? hint = null) => new(kind, [Issue(message, position, hint)]);

    public CelException SyntaxError(string message, int position, string? hint = null) => Error(CelErrorKind.Syntax, message, position, hint);
}
