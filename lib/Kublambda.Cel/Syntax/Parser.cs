using System.Runtime.CompilerServices;

namespace Kublambda.Cel.Syntax;

/// <summary>Recursive descent over the grammar of the language definition; stops at the first error.</summary>
internal sealed partial class Parser
{
    private static readonly Dictionary<TokenKind, int> BinaryPrecedence = new()
    {
        [TokenKind.Equal] = 1,
        [TokenKind.NotEqual] = 1,
        [TokenKind.Less] = 1,
        [TokenKind.LessOrEqual] = 1,
        [TokenKind.Greater] = 1,
        [TokenKind.GreaterOrEqual] = 1,
        [TokenKind.In] = 1,
        [TokenKind.Plus] = 2,
        [TokenKind.Minus] = 2,
        [TokenKind.Star] = 3,
        [TokenKind.Slash] = 3,
        [TokenKind.Percent] = 3,
    };

    private readonly SourceText _source;
    private readonly CelLimits _limits;
    private readonly List<Token> _tokens;
    private int _at;
    private int _depth;

    private Parser(SourceText source, CelLimits limits)
    {
        _source = source;
        _limits = limits;
        _tokens = Lexer.Tokenize(source);
    }

    private Token Current => _tokens[_at];

    public static Expr Parse(SourceText source, CelLimits limits)
    {
        if (source.Text.Length > limits.MaxExpressionLength)
            throw source.Error(CelErrorKind.Limit, $"the expression is {source.Text.Length} characters long, more than {limits.MaxExpressionLength}", 0);
        var parser = new Parser(source, limits);
        var expression = parser.Expression();
        if (parser.Current.Kind != TokenKind.End) throw parser.Unexpected("an operator or the end of the expression");
        return expression;
    }

    private Expr Expression()
    {
        Enter();
        var condition = Logical(isAnd: false);
        if (Current.Kind == TokenKind.Question)
        {
            var position = Take().Position;
            var then = Logical(isAnd: false);
            Expect(TokenKind.Colon, "':' of the conditional 'a ? b : c'");
            condition = Made(new ConditionalExpr(position, condition, then, Expression()));
        }

        _depth--;
        return condition;
    }

    private Expr Logical(bool isAnd)
    {
        var kind = isAnd ? TokenKind.And : TokenKind.Or;
        var first = isAnd ? Binary(1) : Logical(isAnd: true);
        if (Current.Kind != kind) return first;
        var position = Current.Position;
        var operands = new List<Expr> { first };
        while (Current.Kind == kind)
        {
            Take();
            operands.Add(isAnd ? Binary(1) : Logical(isAnd: true));
        }

        return Made(new LogicalExpr(position, isAnd, operands));
    }

    private Expr Binary(int minimum)
    {
        var left = Unary();
        while (BinaryPrecedence.TryGetValue(Current.Kind, out var precedence) && precedence >= minimum)
        {
            var symbol = Take();
            var right = Binary(precedence + 1);
            left = Made(new OperatorExpr(symbol.Position, symbol.Text, [left, right]));
        }

        return left;
    }

    private Expr Unary()
    {
        var signs = new Stack<Token>();
        var kind = Current.Kind;
        while (kind is TokenKind.Not or TokenKind.Minus && Current.Kind == kind && !(kind == TokenKind.Minus && _tokens[_at + 1].IsNumber)) signs.Push(Take());
        var operand = Member();
        while (signs.TryPop(out var sign)) operand = Made(new OperatorExpr(sign.Position, sign.Kind == TokenKind.Not ? "!" : "-", [operand]));
        return operand;
    }

    private Expr Member()
    {
        var operand = Primary();
        while (true)
        {
            switch (Current.Kind)
            {
                case TokenKind.Dot:
                    operand = Made(Selection(operand));
                    break;
                case TokenKind.OpenBracket:
                    operand = Made(Indexing(operand));
                    break;
                case TokenKind.OpenBrace when DottedNames.Of(operand) is var (_, parts):
                    operand = Made(Struct(operand.Position, DottedNames.Joined(parts)));
                    break;
                default:
                    return operand;
            }
        }
    }

    private Expr Selection(Expr operand)
    {
        Take();
        var isOptional = TakeIf(TokenKind.Question);
        var name = Current;
        if (name.Kind is not (TokenKind.Identifier or TokenKind.QuotedIdentifier)) throw Unexpected("a field or function name after '.'");
        Take();
        if (Current.Kind != TokenKind.OpenParenthesis || isOptional || name.Kind == TokenKind.QuotedIdentifier)
            return new SelectExpr(name.Position, operand, name.Text, isOptional, name.Kind == TokenKind.QuotedIdentifier);
        return Macros.Expand(_source, name.Position, operand, name.Text, Arguments());
    }

    private IndexExpr Indexing(Expr operand)
    {
        var position = Take().Position;
        var isOptional = TakeIf(TokenKind.Question);
        var index = Expression();
        Expect(TokenKind.CloseBracket, "']'");
        return new IndexExpr(position, operand, index, isOptional);
    }

    private List<Expr> Arguments()
    {
        Expect(TokenKind.OpenParenthesis, "'('");
        var arguments = new List<Expr>();
        if (TakeIf(TokenKind.CloseParenthesis)) return arguments;
        do arguments.Add(Expression());
        while (TakeIf(TokenKind.Comma));
        Expect(TokenKind.CloseParenthesis, "',' or ')'");
        return arguments;
    }

    private Token Take() => _tokens[_at++];

    private bool TakeIf(TokenKind kind)
    {
        if (Current.Kind != kind) return false;
        _at++;
        return true;
    }

    private void Expect(TokenKind kind, string what)
    {
        if (!TakeIf(kind)) throw Unexpected(what);
    }

    private CelException Unexpected(string wanted) => _source.SyntaxError($"unexpected {Current.Describe()}; expected {wanted}", Current.Position);

    private void Enter()
    {
        if (++_depth > _limits.MaxDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack()) throw TooDeep(Current.Position);
    }

    private Expr Made(Expr expression) => expression.Depth <= _limits.MaxDepth ? expression : throw TooDeep(expression.Position);

    private CelException TooDeep(int position) => _source.Error(CelErrorKind.Limit, $"the expression is nested more than {_limits.MaxDepth} levels deep", position);
}
