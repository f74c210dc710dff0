using System.Net;
using CertHerald.Storage;

namespace CertHerald.Tests.WebConsole;

public sealed class UsersPageTests
{
    private const string Password = "correct horse battery", Another = "staple of another kind";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_user_is_added_given_another_password_and_removed_and_each_stands_in_the_audit_trail()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        string page = await rig.PageAsync("/console/users");
        Assert.Contains("Nobody has a password", page, StringComparison.Ordinal);
        (string, string) token = ("form_token", ConsoleRig.FormToken(page));

        Answer added = await rig.Browser.PostAsync("/console/users", token, ("name", "alice"), ("password", Password), ("again", Password));
        Assert.Equal(HttpStatusCode.OK, added.Status);
        Assert.Contains("alice may sign in.", added.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, added.Text, StringComparison.Ordinal);
        using Browser alice = rig.NewBrowser();
        Assert.Equal(HttpStatusCode.SeeOther, (await SignInAsync(alice, Password)).Status);

        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.PostAsync("/console/users/alice/password", token, ("password", Another), ("again", Another))).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await alice.GetAsync("/console")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(alice, Password)).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await SignInAsync(alice, Another)).Status);

        Assert.Equal(HttpStatusCode.OK, (await rig.Browser.PostAsync("/console/users/alice/remove", token)).Status);
        Assert.Equal(HttpStatusCode.Redirect, (await alice.GetAsync("/console")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync("/console/users/alice/remove", token)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Browser.PostAsync("/console/users/alice/password", token, ("password", Password), ("again", Password))).Status);

        Assert.Equal(
            ["/console/users/alice done", "/console/users/alice/password done", "/console/users/alice/remove done", "/console/users/alice/remove refused 404", "/console/users/alice/password refused 404"],
            from entry in (await rig.Store.AuditAsync(null, 100, Cancellation)).Reverse() where entry.Resource.StartsWith("/console/users", StringComparison.Ordinal) select $"{entry.Resource} {entry.Outcome}");
    }

    [Fact]
    public async Task What_cannot_be_meant_changes_nothing_and_is_said()
    {
        await using ConsoleRig rig = await ConsoleRig.StartAsync();
        await rig.SignInAsync();
        (string, string) token = ("form_token", ConsoleRig.FormToken(await rig.PageAsync("/console/users")));
        await rig.Browser.PostAsync("/console/users", token, ("name", "alice"), ("password", Password), ("again", Password));
        StoredUser before = Assert.Single(await rig.Store.UsersAsync(Cancellation));

        foreach ((string name, string password, string again, HttpStatusCode status, string says) in new[]
        {
            ("bob", Password, Another, HttpStatusCode.BadRequest, "differ"),
            ("bob", "short", "short", HttpStatusCode.BadRequest, "12"),
            ("alice", Another, Another, HttpStatusCode.Conflict, "already"),
            (SomeFacts.HostileField, Password, Password, HttpStatusCode.BadRequest, "letters a to z"),
            ("", Password, Password, HttpStatusCode.BadRequest, "letters a to z"),
        })
        {
            Answer answer = await rig.Browser.PostAsync("/console/users", token, ("name", name), ("password", password), ("again", again));
            Assert.Equal(status, answer.Status);
            Assert.Contains(says, answer.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("<script>", answer.Text, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync("/console/users", token, ("name", "bob\0"), ("password", Password), ("again", Password))).Status);
        foreach (string path in (string[])["/console/users", "/console/users/alice/password", "/console/users/alice/remove"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await rig.Browser.PostAsync(path, ("name", "bob"), ("password", Another), ("again", Another))).Status);
            Assert.Equal(HttpStatusCode.Redirect, (await rig.NewBrowser().PostAsync(path, token, ("name", "bob"), ("password", Another), ("again", Another))).Status);
        }
        Assert.Equal(before, Assert.Single(await rig.Store.UsersAsync(Cancellation)));
    }

    private static async Task<Answer> SignInAsync(Browser browser, string password)
    {
        string page = (await browser.GetAsync("/console/login")).Text;
        return await browser.PostAsync("/console/sign-in", ("form_token", ConsoleRig.FormToken(page)), ("user", "alice"), ("password", password));
    }
}
