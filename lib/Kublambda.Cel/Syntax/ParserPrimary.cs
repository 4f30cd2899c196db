namespace Kublambda.Cel.Syntax;

internal sealed partial class Parser
{
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    };

    private Expr Primary()
    {
        var token = Current;
        switch (token.Kind)
        {
            case TokenKind.Literal:
                Take();
                return new LiteralExpr(token.Position, token.Value ?? NumberLiteral.Integer(_source, token, negative: false));
            case TokenKind.Minus:
                return NegativeNumber();
            case TokenKind.Dot or TokenKind.Identifier:
                return Name();
            case TokenKind.OpenParenthesis:
                Take();
                var inner = Expression();
                Expect(TokenKind.CloseParenthesis, "')'");
                return inner;
            case TokenKind.OpenBracket:
                return List();
            case TokenKind.OpenBrace:
                return Map();
            default:
                throw Unexpected("a value, a name, '(', '[' or '{'");
        }
    }

    private LiteralExpr NegativeNumber()
    {
        var position = Take().Position;
        var number = Current;
        if (!number.IsNumber) throw Unexpected("a value");
        Take();
        return new LiteralExpr(position, number.Value is CelDouble value ? new CelDouble(-value.Value) : NumberLiteral.Integer(_source, number, negative: true));
    }

    private Expr Name()
    {
        var isRooted = TakeIf(TokenKind.Dot);
        var name = Current;
        if (name.Kind != TokenKind.Identifier) throw Unexpected("a name after '.'");
        Take();
        if (Reserved.Contains(name.Text))
            throw _source.SyntaxError($"'{name.Text}' is a reserved word", name.Position, $"as a key of a map it is reached with x.{name.Text} or x['{name.Text}']");
        if (Current.Kind != TokenKind.OpenParenthesis) return new IdentExpr(name.Position, name.Text, isRooted);
        return Made(Macros.Expand(_source, name.Position, target: null, (isRooted ? "." : "") + name.Text, Arguments()));
    }

    private Expr List()
    {
        var position = Take().Position;
        var elements = new List<ListElement>();
        TakeLoneComma(TokenKind.CloseBracket);
        while (Current.Kind != TokenKind.CloseBracket)
        {
            var isOptional = TakeIf(TokenKind.Question);
            elements.Add(new ListElement(Expression(), isOptional));
            if (!TakeIf(TokenKind.Comma)) break;
        }

        Expect(TokenKind.CloseBracket, "',' or ']'");
        return Made(new ListExpr(position, elements));
    }

    private Expr Map()
    {
        var position = Take().Position;
        var entries = new List<MapEntry>();
        TakeLoneComma(TokenKind.CloseBrace);
        while (Current.Kind != TokenKind.CloseBrace)
        {
            var isOptional = TakeIf(TokenKind.Question);
            var key = Expression();
            Expect(TokenKind.Colon, "':' between key and value");
            entries.Add(new MapEntry(key, Expression(), isOptional));
            if (!TakeIf(TokenKind.Comma)) break;
        }

        Expect(TokenKind.CloseBrace, "',' or '}'");
        return Made(new MapExpr(position, entries));
    }

    // The grammar allows a comma before the closing bracket, even where nothing is before the comma.
    private void TakeLoneComma(TokenKind closing)
    {
        if (Current.Kind == TokenKind.Comma && _tokens[_at + 1].Kind == closing) Take();
    }

    private StructExpr Struct(int position, string typeName)
    {
        Take();
        while (Current.Kind != TokenKind.CloseBrace)
        {
            TakeIf(TokenKind.Question);
            if (Current.Kind is not (TokenKind.Identifier or TokenKind.QuotedIdentifier)) throw Unexpected("a field name");
            Take();
            Expect(TokenKind.Colon, "':' between field and value");
            Expression();
            if (!TakeIf(TokenKind.Comma)) break;
        }

        Expect(TokenKind.CloseBrace, "',' or '}'");
        return new StructExpr(position, typeName);
    }
}
