namespace Kublambda.Cel.Syntax;

internal enum TokenKind
{
    End,
    Identifier,
    QuotedIdentifier,
    Literal,
    In,
    Question,
    Colon,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Not,
    Dot,
    Comma,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
}

/// <param name="Kind">What it is.</param>
/// <param name="Position">Where it begins.</param>
/// <param name="Text">As written; for identifiers the name.</param>
/// <param name="Value">Of a literal, except for an integer, whose sign is not known yet.</param>
internal readonly record struct Token(TokenKind Kind, int Position, string Text, CelValue? Value = null)
{
    public bool IsNumber => Kind == TokenKind.Literal && (char.IsAsciiDigit(Text[0]) || Text[0] == '.');

    public string Describe() => Kind == TokenKind.End ? "end of the expression" : $"'{(Text.Length <= 40 ? Text : Text[..40] + "...")}'";
}
