namespace Kublambda.Cel.Syntax;

/// <summary>Cuts an expression into tokens.</summary>
internal sealed class Lexer(SourceText source)
{
    private readonly string _text = source.Text;
    private int _at;

    public static List<Token> Tokenize(SourceText source)
    {
        var lexer = new Lexer(source);
        var tokens = new List<Token>();
        do tokens.Add(lexer.Next());
        while (tokens[^1].Kind != TokenKind.End);
        return tokens;
    }

    private char Peek(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private Token Next()
    {
        SkipBlanks();
        if (_at >= _text.Length) return new Token(TokenKind.End, _text.Length, "");
        var c = _text[_at];
        if (char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(Peek(1)))) return Number();
        if (StringLiteral.Starts(_text, _at)) return StringToken();
        if (char.IsAsciiLetter(c) || c == '_') return Word();
        return c == '`' ? QuotedIdentifier() : Punctuation();
    }

    private void SkipBlanks()
    {
        while (_at < _text.Length)
        {
            if (_text[_at] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                _at++;
            }
            else if (_text[_at] == '/' && Peek(1) == '/')
            {
                while (_at < _text.Length && _text[_at] != '\n') _at++;
            }
            else
            {
                return;
            }
        }
    }

    private Token StringToken()
    {
        var start = _at;
        var value = StringLiteral.Read(source, ref _at);
        return new Token(TokenKind.Literal, start, _text[start.._at], value);
    }

    private Token Word()
    {
        var start = _at;
        while (char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_') _at++;
        var word = _text[start.._at];
        return word switch
        {
            "true" => new Token(TokenKind.Literal, start, word, CelBool.True),
            "false" => new Token(TokenKind.Literal, start, word, CelBool.False),
            "null" => new Token(TokenKind.Literal, start, word, CelNull.Instance),
            "in" => new Token(TokenKind.In, start, word),
            _ => new Token(TokenKind.Identifier, start, word),
        };
    }

    private Token QuotedIdentifier()
    {
        var start = _at++;
        while (char.IsAsciiLetterOrDigit(Peek()) || Peek() is '_' or '.' or '-' or '/' or ' ') _at++;
        if (Peek() != '`' || _at == start + 1)
            throw source.SyntaxError("this quoted name is not closed, or holds a character that is not allowed", start, "between backticks: letters, digits, '_', '.', '-', '/' and space; other keys are reached with map['key']");
        _at++;
        return new Token(TokenKind.QuotedIdentifier, start, _text[(start + 1)..(_at - 1)]);
    }

    private Token Number()
    {
        var start = _at;
        var isDouble = false;
        if (Peek() == '0' && Peek(1) == 'x' && char.IsAsciiHexDigit(Peek(2)))
        {
            _at += 2;
            while (char.IsAsciiHexDigit(Peek())) _at++;
        }
        else
        {
            isDouble = Decimal();
        }

        if (!isDouble && Peek() is 'u' or 'U') _at++;
        var text = _text[start.._at];
        if (char.IsAsciiLetterOrDigit(Peek()) || Peek() == '_')
            throw source.SyntaxError($"'{text}{Peek()}' is not a number", start, "numbers are written 1, 1u, 0xff, 1.5 or 1e3");
        return new Token(TokenKind.Literal, start, text, isDouble ? NumberLiteral.Double(source, text, start) : null);
    }

    private bool Decimal()
    {
        while (char.IsAsciiDigit(Peek())) _at++;
        var isDouble = Peek() == '.' && char.IsAsciiDigit(Peek(1));
        if (isDouble) _at++;
        while (isDouble && char.IsAsciiDigit(Peek())) _at++;
        if (Peek() is not ('e' or 'E')) return isDouble;
        var digits = Peek(1) is '+' or '-' ? 2 : 1;
        if (!char.IsAsciiDigit(Peek(digits))) return isDouble;
        _at += digits;
        while (char.IsAsciiDigit(Peek())) _at++;
        return true;
    }

    private Token Punctuation()
    {
        var start = _at;
        var two = _at + 1 < _text.Length ? _text.Substring(_at, 2) : "";
        TokenKind? kind = two switch
        {
            "||" => TokenKind.Or,
            "&&" => TokenKind.And,
            "==" => TokenKind.Equal,
            "!=" => TokenKind.NotEqual,
            "<=" => TokenKind.LessOrEqual,
            ">=" => TokenKind.GreaterOrEqual,
            _ => null,
        };
        if (kind is { } known)
        {
            _at += 2;
            return new Token(known, start, two);
        }

        _at++;
        return new Token(Single(_text[start], start), start, _text[start].ToString());
    }

    private string Character(int at) => at + 1 < _text.Length && char.IsSurrogatePair(_text[at], _text[at + 1]) ? _text.Substring(at, 2) : _text[at].ToString();

    private TokenKind Single(char c, int position) => c switch
    {
        '?' => TokenKind.Question,
        ':' => TokenKind.Colon,
        '<' => TokenKind.Less,
        '>' => TokenKind.Greater,
        '+' => TokenKind.Plus,
        '-' => TokenKind.Minus,
        '*' => TokenKind.Star,
        '/' => TokenKind.Slash,
        '%' => TokenKind.Percent,
        '!' => TokenKind.Not,
        '.' => TokenKind.Dot,
        ',' => TokenKind.Comma,
        '(' => TokenKind.OpenParenthesis,
        ')' => TokenKind.CloseParenthesis,
        '[' => TokenKind.OpenBracket,
        ']' => TokenKind.CloseBracket,
        '{' => TokenKind.OpenBrace,
        '}' => TokenKind.CloseBrace,
        '=' => throw source.SyntaxError("'=' is not an operator", position, "equality is written =="),
        '&' => throw source.SyntaxError("'&' is not an operator", position, "logical and is written &&"),
        '|' => throw source.SyntaxError("'|' is not an operator", position, "logical or is written ||"),
        _ => throw source.SyntaxError($"unexpected character '{Character(position)}'", position),
    };
}
