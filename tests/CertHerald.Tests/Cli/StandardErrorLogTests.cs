using CertHerald.Cli;
using CertHerald.Storage;
using Microsoft.Data.Sqlite;

namespace CertHerald.Tests.Cli;

public sealed class StandardErrorLogTests
{
    [Fact]
    public void A_store_that_cannot_work_is_told_in_one_line()
    {
        var full = new StoreException("the database could not be written: database or disk is full", Thrown(new SqliteException("full", 13)));

        Assert.Equal(
            "The store could not be used for deliveries; trying again: the database could not be written: database or disk is full",
            StandardErrorLog.TextOf("The store could not be used for deliveries; trying again", Thrown(full)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_nobody_expected_is_told_with_its_stack(bool isInTheStore)
    {
        Exception odd = Thrown(new InvalidOperationException("\u001b[2Jodd"));
        string text = StandardErrorLog.TextOf("An attempt failed", isInTheStore ? new StoreException("the database could not be written", odd) : odd);

        Assert.StartsWith("An attempt failed", text, StringComparison.Ordinal);
        Assert.Contains(nameof(Thrown), text, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', text);
    }

    private static Exception Thrown(Exception exception)
    {
        try
        {
            throw exception;
        }
        catch (Exception e) when (ReferenceEquals(e, exception))
        {
            return e;
        }
    }
}
