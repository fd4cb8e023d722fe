"""What GitHub is asked by GraphQL. https://docs.github.com/en/graphql/reference

Pull requests, branches and checks are read so, because the REST interface says neither where the two branches
are now, nor whether a merge queue has a pull request, nor, to those who do not administer it, what a branch
demands.
"""

from __future__ import annotations

_REPOSITORY = """
fragment repository on Repository {
  nameWithOwner isEmpty isArchived description diskUsage url
  mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed
  defaultBranchRef { name }
  primaryLanguage { name }
}
"""
REPOSITORY = (
    _REPOSITORY
    + "query($owner: String!, $name: String!) {"
    + """
  repository(owner: $owner, name: $name) { ...repository }
}"""
)
REPOSITORIES = (
    _REPOSITORY
    + """
query($ids: [ID!]!) { nodes(ids: $ids) { __typename ...repository } }
"""
)
_BRANCH = """
fragment branch on Ref {
  name
  target { oid }
  refUpdateRule { requiredApprovingReviewCount requiredStatusCheckContexts }
  rules(first: 50) {
    nodes {
      type
      parameters {
        ... on PullRequestParameters { requiredApprovingReviewCount }
        ... on RequiredStatusChecksParameters { requiredStatusChecks { context } }
      }
    }
  }
}
"""
BRANCH = (
    _BRANCH
    + """
query($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) { nameWithOwner ref(qualifiedName: $branch) { ...branch } }
}"""
)
BRANCHES = (
    _BRANCH
    + """
query($owner: String!, $name: String!, $first: Int!, $after: String, $order: RefOrder!) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    refs(refPrefix: "refs/heads/", first: $first, after: $after, orderBy: $order) {
      nodes { ...branch }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
)
_PULL_REQUEST = """
fragment pullRequest on PullRequest {
  id number title body state isDraft createdAt updatedAt closedAt url
  author { __typename login }
  headRefName headRefOid headRef { name }
  headRepository { nameWithOwner }
  isCrossRepository
  baseRefName baseRefOid baseRef { target { oid } }
  mergeable isInMergeQueue isMergeQueueEnabled reviewDecision
  mergeCommit { oid parents(first: 1) { nodes { oid } } }
  labels(first: 50) { nodes { name } }
  commits { totalCount }
}
"""
PULL_REQUEST = (
    _PULL_REQUEST
    + """
query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { nameWithOwner pullRequest(number: $number) { ...pullRequest } }
}"""
)
PULL_REQUESTS = (
    _PULL_REQUEST
    + """
query(
  $owner: String!, $name: String!, $states: [PullRequestState!], $head: String, $first: Int!, $after: String
) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequests(
      states: $states, headRefName: $head, first: $first, after: $after,
      orderBy: {field: CREATED_AT, direction: DESC}
    ) {
      nodes { ...pullRequest }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
)
REVIEWS = """
query($owner: String!, $name: String!, $number: Int!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequest(number: $number) {
      found: reviews(
        first: $first, after: $after, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]
      ) {
        nodes {
          fullDatabaseId body state submittedAt createdAt
          author { __typename login }
          commit { oid }
          comments(first: 50) { nodes { path line originalLine body } }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
COMMENTS = """
query($owner: String!, $name: String!, $number: Int!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequest(number: $number) {
      found: comments(first: $first, after: $after) {
        nodes { fullDatabaseId body createdAt author { __typename login } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""
CHECKS = """
query($owner: String!, $name: String!, $sha: GitObjectID!, $after: String) {
  repository(owner: $owner, name: $name) {
    nameWithOwner
    object(oid: $sha) {
      ... on Commit {
        statusCheckRollup {
          contexts(first: 100, after: $after) {
            nodes {
              __typename
              ... on CheckRun {
                databaseId name status conclusion summary text startedAt completedAt url
                checkSuite { app { slug } }
              }
              ... on StatusContext { id context state description createdAt targetUrl }
            }
            pageInfo { hasNextPage endCursor }
          }
        }
      }
    }
  }
}"""
ENQUEUE = """
mutation($id: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) { mergeQueueEntry { position } }
}"""
TO_DRAFT = """
mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { pullRequest { isDraft } } }
"""
TO_READY = """
mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }
"""
